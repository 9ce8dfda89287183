// capture: 1.21..
package main

var (
	m   map[int]int
	s   []*int
	arr [8]*int
	use func(int)
)

func main() {
	clear(m) // want 1.21..: call runtime.mapclear
	use(1)
	clear(s)
	use(2)
	clear(arr[:]) // want 1.21..: nil-store main.arr
	use(3)
	m = nil // want 1.21..: nil main.m
}
