package main

var (
	p, q *int
	m    map[int]int
	old  map[int]int
	n    int
	use  func(int)
)

func main() {
	p, q = q, p
	use(1)
	p, q = q, nil // want 1.2..: nil main.q
	use(2)
	old, m = m, nil // want 1.2..: nil main.m
	use(3)
	m, old = make(map[int]int, n), nil // want 1.2..: call runtime.makemap; 1.2..: nil main.old
	println(*p, *q, len(m), len(old))
}
