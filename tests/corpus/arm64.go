// goarch: arm64
// capture: 1.8..
package main

type T struct {
	n int
	p *int
}

var (
	m    map[int]int
	p    *int
	q    *int
	n    int
	t    T
	s    []int
	e    interface{}
	arr  [4]*int
	use  func(int)
)

func main() {
	m = nil // want 1.8..: nil-store main.m
	use(1)
	p = &n
	n = 0
	use(2)
	t.p = nil // want 1.8..: nil-store main.t
	use(3)
	t.n = 0
	use(4)
	s = nil // want 1.8..: nil-store main.s
	use(5)
	e = nil // want 1.8..: nil-store main.e
	use(6)
	arr[n&3] = nil // want 1.8..: nil-store main.arr
	use(7)
	p, q = q, nil // want 1.8..: nil-store main.q
	use(*p)
	delete(m, 1) // want 1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
	m[3] = n // want 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_fast64
}
