package main

var (
	n    int
	u    uintptr
	b    bool
	f    float64
	w    int32
	ints [4]int
	c    complex128
	use  func(int)
)

type point struct{ x, y int }

var pt point

func main() {
	n = 0 // want 1.2: uncertain main.n
	// An address may be kept in a uintptr, but the collector doesn't see it.
	u = 0 // want 1.2: uncertain main.u
	b = false
	f = 0
	w = 0
	use(1)
	ints[2] = 0 // want 1.2: uncertain main.ints
	c = 0
	pt.y = 0 // want 1.2: uncertain main.pt
	use(2)
	pt = point{} // want 1.2: uncertain main.pt
	ints = [4]int{} // want 1.2: uncertain main.ints
	use(3)
	for i := range ints {
		ints[i] = 0 // want 1.2: uncertain main.ints
	}
}
