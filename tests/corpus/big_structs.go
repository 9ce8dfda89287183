package main

type inner struct {
	a, b, c, d, e, f int
}

type T struct {
	in  inner
	p   *int
	arr [20]*int
	n   int
	in2 inner
}

var (
	t   T
	in  inner
	use func(int)
)

func main() {
	t = T{} // want 1.2: uncertain main.t; 1.4..: nil-store main.t
	use(1)
	t.in = inner{} // want 1.2..1.7: uncertain main.t
	use(2)
	t.in2 = inner{} // want 1.2..1.7: uncertain main.t
	use(3)
	in = inner{} // want 1.2: uncertain main.in
	use(4)
	t.arr = [20]*int{} // want 1.2..1.7: uncertain main.t; 1.8..: nil-store main.t
	use(5)
	t.n = 0 // want 1.2..1.7: uncertain main.t
}
