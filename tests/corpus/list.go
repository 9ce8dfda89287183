package main

type node struct {
	next *node
	val  map[int]int
}

var (
	head *node
	tail *node
	use  func(int)
)

func push(n *node) {
	if head == nil {
		head = n
	} else {
		tail.next = n
	}
	tail = n
	use(1)
}

func pop() *node {
	n := head
	if n == nil {
		return nil
	}
	use(2)
	head = n.next
	n.next = nil
	if head == nil {
		use(3)
		tail = nil // want 1.2..: nil main.tail
	}
	return n
}

func main() {
	push(&node{})
	for pop() != nil {
		use(4)
	}
	head = nil // want 1.2..: nil main.head
	println(tail.next)
}
