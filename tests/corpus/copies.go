package main

type T struct {
	a int
	p *int
}

var (
	zero T // a variable that happens to be zero
	t    T
	p, q *int
	use  func(int)
)

// Where it is inlined, its results are stored here.
func get() (T, *int) { use(0); return T{}, nil }

func main() {
	t = zero
	use(1)
	p = q
	use(2)
	t, p = get() // want 1.12..: nil main.t; 1.12..: nil main.p
	use(3)
	t.p = p
}
