package main

type node struct {
	n    int
	next *node
}

var (
	p   *int
	g   node
	arr [8]*int
	use func(int)
)

func main() {
	pp := &p
	*pp = nil // want 1.2..: nil main.p
	use(1)
	x := &g
	x.n = 0 // want 1.2..1.7: uncertain main.g
	use(2)
	x.next = nil // want 1.2..1.7: uncertain main.g; 1.8..: nil main.g
	use(3)
	s := &arr
	s[3] = nil // want 1.2..1.7: uncertain main.arr; 1.8..: nil main.arr
	use(4)
	println(*p)
}
