package main

type leaf struct {
	n int
	p *int
}

type branch struct {
	n  int
	a  leaf
	b  [2]leaf
	mm [2]map[int]int
}

var (
	t   branch
	use func(int)
	i   int
)

func main() {
	t.a.p = nil // want 1.2..1.7: uncertain main.t; 1.8..: nil main.t
	use(1)
	t.a.n = 0 // want 1.2..1.7: uncertain main.t
	use(2)
	t.b[1].p = nil // want 1.2..1.7: uncertain main.t; 1.8..: nil main.t
	use(3)
	t.b[1].n = 0 // want 1.2..1.7: uncertain main.t
	use(4)
	t.mm[i&1] = nil // want 1.2..1.7: uncertain main.t; 1.8..: nil main.t
	use(5)
	t.a = leaf{} // want 1.2..1.7: uncertain main.t; 1.8..: nil-store main.t
	use(6)
	t = branch{} // want 1.2: uncertain main.t; 1.4..: nil-store main.t
}
