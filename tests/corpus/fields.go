package main

type T struct {
	n int
	p *int
	m map[int]int
	b bool
	s []int
	e interface{}
}

var (
	t   T
	use func(int)
)

func main() {
	t.n = 0 // want 1.2..1.7: uncertain main.t
	t.b = false
	use(1)
	t.p = nil // want 1.2..: nil main.t
	use(2)
	t.m = nil // want 1.2..1.3: nil main.t; 1.4..: nil main.t
	use(3)
	t.s = nil // want 1.2..1.7: uncertain main.t; 1.8..: nil main.t
	use(4)
	t.e = nil // want 1.2..1.7: uncertain main.t; 1.8..: nil main.t
	use(5)
	t.s = t.s[:0] // want 1.2..1.7: uncertain main.t
	use(6)
	t.m[1] = 2 // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_fast64
	t.p = &t.n
	delete(t.m, 3) // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
}
