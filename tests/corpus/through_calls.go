package main

type node struct {
	next *node
	n    int
	m    map[int]int
}

var (
	g   node
	arr [4]node
	err error
	p   *int
	use func(int)
	n   int
)

// What these do to a variable is done on this line from Go 1.12 on, at the call before that.
func set(x **int, v *int) { *x = v }                  // want 1.12..: nil main.p
func two() (*int, error)  { return nil, nil }         // no variable is known here
func (x *node) clear()    { x.next = nil; x.m = nil } // want 1.12..: nil main.g; 1.12..: nil main.arr

func main() {
	set(&p, nil) // want 1.2..1.11: nil main.p
	use(1)
	p, err = two() // want 1.2..: nil main.p; 1.2..: nil main.err
	use(2)
	g.clear() // want 1.2..1.7: uncertain main.g; 1.8..1.11: nil main.g
	use(3)
	arr[2].clear() // want 1.2..1.7: uncertain main.arr; 1.8..1.11: nil main.arr
	use(4)
	x := &arr[n&3]
	x.next = nil // want 1.2..1.7: uncertain main.arr; 1.8..: nil main.arr
	use(5)
	x.n = 0 // want 1.2..1.7: uncertain main.arr
	use(6)
	arr[1] = node{n: 3} // want 1.2..1.7: uncertain main.arr; 1.8..: nil-store main.arr
	use(7)
	println(*p, err.Error())
}
