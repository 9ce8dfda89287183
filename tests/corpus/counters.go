package main

var (
	p   *int
	q   *int
	n   int
	use func(int)
)

func other() int { return n }

func main() {
	p = &n; for i := 0; i < n; i++ { use(i) }
	p = nil; for i := 0; i < n; i++ { use(i) } // want 1.2..: nil main.p
	for i := 0; i < n; i++ {
		use(i)
		q = p
	}
	x := 0
	for i := 0; i < n; i++ {
		x += i
	}
	use(x)
	n = 0 // want 1.2: uncertain main.n
	println(*p, *q)
}
