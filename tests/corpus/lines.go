package main

var (
	m   map[int]int
	p   *int
	use func(int)
)

func main() {
	use(0)
//line other.y:100
	m = nil
	use(1)
	delete(m, 1)
//line lines.go:16
	p = nil // want 1.4..: nil main.p
	use(*p) // want 1.2: uncertain main.p
	delete(m, 2) // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
}
