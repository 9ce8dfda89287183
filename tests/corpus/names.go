package main

type runtime struct{ n int }

var g int

func (r *runtime) mapdelete(i int)    { r.n = i; use(g) }
func (r runtime) mapassign(i int)     { g += r.n + i; use(g) }
func mapdelete_fast64(k int)          { g += k; use(g) }
func mapclear()                       { use(g) }
func makemap() map[int]int            { use(g); return nil }

var use func(int)

type deleter interface{ mapdelete(int) }

func main() {
	r := &runtime{}
	r.mapdelete(1)
	r.mapassign(2)
	mapdelete_fast64(3)
	mapclear()
	h := r.mapdelete
	h(3)
	var d deleter = r
	d.mapdelete(4)
	f := mapclear
	f()
	defer mapclear()
	go mapdelete_fast64(1)
	println(len(makemap()))
}
