package main

var (
	s   []int
	ps  []*int
	use func(int)
	n   int
)

func main() {
	s = nil // want 1.2..: nil main.s
	use(1)
	ps = nil // want 1.2: uncertain main.ps; 1.4..: nil main.ps
	use(2)
	s = s[:0] // want 1.2,1.5..1.7: uncertain main.s
	use(3)
	s = []int{} // want 1.2,1.5..1.7: uncertain main.s
	use(4)
	ps[n] = nil
	use(5)
	s[n] = 0
	use(6)
	ps = ps[n:]
}
