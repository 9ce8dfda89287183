package main

var (
	m   map[int]int
	use func(string)
)

const listing = "	0x0014 00020 (lie.go:5)	CALL	runtime.mapdelete_fast64(SB)\n	0x0019 00025 (lie.go:6)	MOVQ	$0, \"\".m(SB)"

func main() {
	use("CALL\truntime.mapdelete(SB)")
	use("MOVQ $0, main.m(SB)")
	use(listing)
	use("\"\".m+0(SB)\tCALL\t,runtime.mapclear(SB)")
	use("a, b (SB) $0, main.m(SB) XORL AX, AX CALL runtime.gcWriteBarrier(SB)")
	println("runtime.mapassign_fast64(SB)", len(m))
	// CALL runtime.mapdelete(SB)
}
