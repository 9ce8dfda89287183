package main

var (
	m    map[int]int
	ms   map[string]bool
	mp   map[int]*int
	use  func(int)
	n    int
)

func main() {
	m = make(map[int]int) // want 1.2..1.9: call runtime.makemap; 1.10..: call runtime.makemap_small
	use(1)
	m = make(map[int]int, 100) // want 1.2..: call runtime.makemap
	use(2)
	ms = map[string]bool{} // want 1.2..1.9: call runtime.makemap; 1.10..: call runtime.makemap_small
	use(3)
	mp = make(map[int]*int, n) // want 1.2..: call runtime.makemap
	mp[1] = &n // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_fast64
	use(m[3]) // want 1.2..: call runtime.mapaccess1_fast64
	v, ok := m[4] // want 1.2..: call runtime.mapaccess2_fast64
	if ok && ms["a"] { // want 1.2..: call runtime.mapaccess1_faststr
		use(v)
	}
	m = nil // want 1.2..: nil main.m
}
