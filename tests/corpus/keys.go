package main

type pair struct{ a, b int }

var use func(int)

func main() {
	var (
		a map[int]int
		b map[int32]int
		c map[uint64]string
		d map[string]int
		e map[pair]int
		f map[float64]int
		g map[interface{}]int
		h map[*int]int
		i map[[2]int]int
		j map[int8]int
		k map[int][200]byte
		n int
	)
	delete(a, n)           // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
	delete(b, int32(n))    // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast32
	delete(c, uint64(n))   // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
	delete(d, "x")         // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_faststr
	delete(e, pair{n, n})  // want 1.2..: call runtime.mapdelete
	delete(f, 1)           // want 1.2..: call runtime.mapdelete
	delete(g, n)           // want 1.2..: call runtime.mapdelete
	delete(h, &n)          // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
	delete(i, [2]int{n})   // want 1.2..: call runtime.mapdelete
	delete(j, 1)           // want 1.2..: call runtime.mapdelete
	delete(k, n)           // want 1.2..: call runtime.mapdelete
}
