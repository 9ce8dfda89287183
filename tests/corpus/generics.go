// capture: 1.18..
package main

type box[T any] struct {
	v T
	p *T
}

var (
	bi  box[int]
	bm  box[map[int]int]
	use func(int)
)

func reset[T any](b *box[T]) {
	b.p = nil
	use(1)
}

//go:noinline
func drop[K comparable, V any](m map[K]V, k K) { delete(m, k); use(2) } // want 1.18..: call runtime.mapdelete_faststr; 1.18..: call runtime.mapdelete_fast64

func main() {
	bi.p = nil // want 1.18..: nil main.bi
	use(3)
	bm.v = nil // want 1.18..: nil main.bm
	use(4)
	bi.v = 0
	use(5)
	drop(map[string]int{}, "a")
	drop(bm.v, 1)
}
