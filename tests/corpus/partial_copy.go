package main

type node struct {
	next *node
	n    int
	m    int
}

var (
	g   node
	arr [4]node
	h   node
	use func(int)
)

func main() {
	arr[1] = node{next: &h} // want 1.2..1.7: uncertain main.arr
	use(1)
	arr[2] = node{next: &h, n: 1, m: 2} // want 1.2: uncertain main.arr
	use(2)
	arr[3] = node{} // want 1.2..1.7: uncertain main.arr; 1.8..: nil-store main.arr
	use(3)
	println(g.next)
}
