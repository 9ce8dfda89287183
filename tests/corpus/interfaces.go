package main

type myErr struct{ n int }

func (e *myErr) Error() string { return "" }

var (
	e   interface{}
	err error
	use func(int)
	n   int
)

func main() {
	e = nil // want 1.2..: nil main.e
	use(1)
	err = nil // want 1.2..: nil main.err
	use(2)
	err = (*myErr)(nil) // a type and a nil pointer: the interface isn't nil
	use(3)
	e = (*int)(nil)
	use(4)
	e = &n
	use(5)
	err = &myErr{1}
	use(6)
	e = 0
}
