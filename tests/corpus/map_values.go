package main

var (
	mp  map[int]*int
	ms  map[string][]int
	use func(int)
	n   int
)

func main() {
	mp[n] = nil // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9: call runtime.mapassign_fast64; 1.10..: call runtime.mapassign_fast64
	use(1)
	ms["a"] = nil // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_faststr
	use(2)
	use(*mp[3]) // want 1.2..: call runtime.mapaccess1_fast64
	_, ok := ms["b"] // want 1.2..: call runtime.mapaccess2_faststr
	if ok {
		mp = nil // want 1.2..: nil main.mp
	}
}
