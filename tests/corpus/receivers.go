package main

type T struct {
	n int
	p *int
}

func (t T) value()    { t.p = nil; use(t.n) }
func (t *T) pointer() { t.p = nil; use(t.n) }

var (
	t   T
	pt  *T
	use func(int)
)

type clearer interface{ pointer() }

func main() {
	t.value()
	pt.pointer()
	var c clearer = pt
	c.pointer()
	f := pt.pointer
	f()
	go pt.pointer()
	defer pt.pointer()
	pt = nil // want 1.2: uncertain main.pt; 1.4..: nil main.pt
	use(1)
}
