package main

type T struct {
	a int
	p *int
	m map[int]int
}

var (
	t   T
	n   int
	use func(int)
)

func main() {
	t = T{a: 5} // want 1.2: uncertain main.t; 1.4..: nil-store main.t
	use(1)
	t = T{p: &n} // want 1.2: uncertain main.t; 1.4..: nil-store main.t
	use(2)
	t = T{a: n, p: &n, m: t.m}
	use(3)
	println(len(t.m), *t.p)
}
