package main

type pair struct {
	n int
	p *int
}

var (
	arr   [4]*int
	ints  [4]int
	pairs [4]pair
	use   func(int)
	i     int
)

func main() {
	arr[0] = nil // want 1.2..1.7: uncertain main.arr; 1.8..: nil main.arr
	use(1)
	arr[i&3] = nil // want 1.2..: nil main.arr
	use(2)
	ints[i&3] = 0 // want 1.2: uncertain main.ints
	use(3)
	pairs[i&3].p = nil // want 1.2..1.7: uncertain main.pairs; 1.8..: nil main.pairs
	use(4)
	pairs[i&3].n = 0 // want 1.2..1.7: uncertain main.pairs
	use(5)
	pairs[2].p = nil // want 1.2..1.7: uncertain main.pairs; 1.8..: nil main.pairs
	use(6)
	pairs[2].n = 0 // want 1.2..1.7: uncertain main.pairs
	use(7)
	arr[i&3] = &i
	pairs[i&3].n = i
}
