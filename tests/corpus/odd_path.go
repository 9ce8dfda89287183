// file: an odd (1) dir [x]/ünï code, (2).go
package main

var (
	m   map[int]int
	use func(int)
)

func main() {
	m = nil // want 1.4..: nil main.m
	use(len(m)) // want 1.2: nil main.m
	delete(m, 2) // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
}
