package main

var (
	a, b, c *int
	m       map[int]int
	n       int
	use     func(int)
)

func main() {
	a = nil // want 1.2..: nil main.a
	b = nil // want 1.2..: nil main.b
	n = 0
	m = nil // want 1.2..: nil main.m
	use(1)
	a, b, c = nil, nil, nil // want 1.2..: nil main.a; 1.2..: nil main.b; 1.2..: nil main.c
	use(2)
	a, b = &n, nil // want 1.2..: nil main.b
	println(*a, *b, *c, len(m))
}
