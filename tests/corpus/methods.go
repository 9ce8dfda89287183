package main

type T struct {
	m map[int]int
	p *int
}

func (t *T) reset() {
	t.m = nil // whose it is can't be told
	use(0)
}

func (t *T) drop(k int) { delete(t.m, k); use(k) } // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64

var (
	t   T
	u   *T
	use func(int)
)

func main() {
	u.reset()
	u.drop(2)
	use(len(t.m))
	t.m = nil // want 1.2..: nil main.t
	use(*t.p)
}
