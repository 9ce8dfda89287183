package main

var (
	p    *int
	q    *int = nil
	m    map[int]int
	full = map[string]*int{"a": nil, "b": p} // want 1.2..1.9: call runtime.makemap; 1.10..: call runtime.makemap_small; 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_faststr
	arr  = [2]*int{nil, p}
	n    = 0
	fn   = func() { use(1) }
	use  func(int)
)

func main() {
	x := []*int{nil, nil, p}
	use(*x[0])
	y := struct {
		a *int
		b map[int]int
	}{}
	use(*y.a + len(y.b))
	m = nil // want 1.2: uncertain main.m; 1.4..: nil main.m
	use(*arr[0])
	use(len(full) + *q)
}
