package main

var (
	arr  [8]*int
	ints [8]int
	s    []*int
	use  func(int)
)

func main() {
	for i := range arr { // want 1.5..: nil-store main.arr
		arr[i] = nil // want 1.2..1.4: uncertain main.arr
	}
	use(1)
	for i := range ints {
		ints[i] = 0 // want 1.2: uncertain main.ints
	}
	use(2)
	for i := range s {
		s[i] = nil
	}
	use(3)
	for i := 0; i < 8; i++ {
		arr[i] = nil // want 1.2..1.7: uncertain main.arr; 1.8..: nil main.arr
	}
}
