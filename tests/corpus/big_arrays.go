package main

var (
	small [3]*int
	mid   [16]*int
	big   [200]*int
	huge  [5000]*int
	ints  [200]int
	use   func(int)
)

func main() {
	small = [3]*int{} // want 1.2: uncertain main.small; 1.4..: nil-store main.small
	use(1)
	mid = [16]*int{} // want 1.2: uncertain main.mid; 1.4..: nil-store main.mid
	use(2)
	big = [200]*int{} // want 1.2: uncertain main.big; 1.4..: nil-store main.big
	use(3)
	huge = [5000]*int{} // want 1.2: uncertain main.huge; 1.4..: nil-store main.huge
	use(4)
	ints = [200]int{} // want 1.2: uncertain main.ints
	use(5)
	mid[3] = &ints[3]
}
