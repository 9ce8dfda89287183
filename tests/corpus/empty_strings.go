package main

type S string

type pair struct {
	m map[int]int
	n int
}

type record struct {
	name string
	size int
}

var (
	s     string
	named S
	r     record
	p     pair
	used  pair
	v     pair
	e     interface{}
	nums  []int
	two   [2]*int
	use   func(int)
)

// Nothing else in the program says what the two words are. An empty string is stored as its
// length and then, behind a barrier, its pointer, and so is a whole pair of pointer and number.
func main() {
	s = "" // want 1.8..1.16: uncertain main.s; 1.4..1.7: nil-store main.s
	use(1)
	named = "" // want 1.8..1.16: uncertain main.named; 1.4..1.7,1.17..: nil-store main.named
	use(2)
	r.name = "" // want 1.4..: uncertain main.r
	use(3)
	p = pair{} // want 1.2,1.9..1.16: uncertain main.p; 1.4..1.8,1.17..: nil-store main.p
	use(4)
	used.m[1] = 2 // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_fast64
	used = pair{} // want 1.2: uncertain main.used; 1.4..: nil-store main.used
	use(5)
	v.m, v.n = nil, 0 // want 1.2: uncertain main.v; 1.4..: nil-store main.v
	use(6)
	e = nil // want 1.2: uncertain main.e; 1.4..: nil main.e
	use(7)
	nums = nil // want 1.2: uncertain main.nums; 1.4..: nil-store main.nums
	use(8)
	two = [2]*int{} // want 1.2: uncertain main.two; 1.4..: nil-store main.two
	use(9)
	two[1], two[0] = nil, nil // want 1.2: uncertain main.two; 1.4..: nil-store main.two
}
