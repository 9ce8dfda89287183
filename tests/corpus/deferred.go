package main

var (
	m   map[string]int
	mm  map[int]int
	use func(int)
)

func f() {
	defer delete(m, "x") // want 1.2..1.8: reference runtime.mapdelete; 1.9..1.16: reference runtime.mapdelete_faststr; 1.17..: call runtime.mapdelete_faststr
	use(1)
} // want 1.14..1.16: call runtime.mapdelete_faststr

func g() {
	go delete(mm, 7) // want 1.2..1.8: reference runtime.mapdelete; 1.9..1.16: reference runtime.mapdelete_fast64; 1.17..: call runtime.mapdelete_fast64
	use(2)
}

func main() {
	f()
	g()
	defer func() {
		mm = nil // want 1.2..: nil main.mm
		use(3)
	}()
	println(len(mm), len(m))
}
