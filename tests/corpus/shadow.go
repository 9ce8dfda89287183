package main

var (
	m   map[int]int
	p   *int
	use func(int)
)

func f(k int) map[int]int {
	m := make(map[int]int, k) // want 1.2..: call runtime.makemap
	m[k] = 1                  // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_fast64
	use(len(m))
	m = nil
	use(len(m))
	var p *int
	p = &k
	use(*p)
	p = nil
	return m
}

func g(m map[int]int, p *int) {
	use(len(m))
	m = nil
	p = nil
	use(1)
}

func main() {
	f(1)
	g(m, p)
	p := p
	p = nil
	_ = p
	use(2)
}
