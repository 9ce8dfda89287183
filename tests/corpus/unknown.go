package main

type node struct {
	next *node
	n    int
}

var (
	p    *int
	head *node
	use  func(int)
)

// Where clear1(&p) is inlined, it is a store into p.
func clear1(pp **int)       { *pp = nil; use(1) } // want 1.12..: nil main.p
func clear2(x *node)        { x.next = nil; use(2) }
func clear3(s []*int)       { s[1] = nil; use(3) }
func clear4(m map[int]*int, k int) { *(&k) = 0; use(k) }

func main() {
	clear1(&p)
	head.next = nil
	use(1)
	x := head
	for x != nil {
		y := x.next
		x.next = nil
		x = y
	}
	use(2)
	clear2(head)
}
