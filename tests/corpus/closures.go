package main

var (
	m   map[int]int
	p   *int
	f   func()
	use func(int)
)

var _ = func() int {
	p = nil // want 1.2..: nil main.p
	use(0)
	return 1
}()

func init() {
	m = nil // want 1.2..: nil main.m
	use(1)
}

func main() {
	x := 1
	f = func() {
		p = nil // want 1.2..: nil main.p
		use(x)
		func() {
			use(x)
			m = nil // want 1.2..: nil main.m
		}()
	}
	f()
	x++
	q := p
	func() {
		q = nil
		use(x)
	}()
	use(*q)
	use(*p)
	use(len(m))
}
