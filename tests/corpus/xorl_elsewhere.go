package main

var (
	p   *int
	n   int
	b   bool
	use func(int)
)

func zero() (int, *int, error) { return 0, nil, nil }

func main() {
	p = &n
	x, y, _ := zero()
	use(x)
	for i, j := 0, 0; i < n; i, j = i+1, j+i { p = y; use(i) } // want 1.2..: nil main.p
	p = func() *int { use(0); return nil }() // want 1.12..: nil main.p
	use(1)
	b = n == 0
	if b { p = &n }
	use(*p)
}
