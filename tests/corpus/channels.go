package main

var (
	c   chan *int
	d   chan map[int]int
	p   *int
	m   map[int]int
	use func(int)
)

func main() {
	c <- nil
	use(1)
	p = <-c
	use(2)
	select {
	case m = <-d:
		use(3)
	case c <- nil:
		c = nil // want 1.2..: nil main.c
		use(4)
	default:
		d = nil // want 1.2: uncertain main.d; 1.4..: nil main.d
	}
	use(*p + len(m))
}
