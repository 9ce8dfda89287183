// The runner starts one program under limits and says how it ended. goclaim
// compiles it with every toolchain it uses, so it must build on Go 1.2.
//
//	runner call REQUEST      run a program; REQUEST and the reply are JSON
//	runner unpack DIR        unpack a tar archive from standard input into DIR
//	runner read FILE         print FILE; exit code 3 when there is none
//	runner serve DIR CACHE   make DIR, then run the other verbs on request
//
// It exists because a Python parent would add its own memory to the program's
// peak RSS (the kernel counts the pages from before exec), and because inside
// a container nobody else can tell peak RSS or a kill for memory.
//
// A container's main process is serve: a request on its standard input costs
// a millisecond, starting a process from outside the container fifty. It ends
// with its standard input, and the container with it.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type request struct {
	Argv       []string
	Env        []string
	Dir        string
	Timeout    float64 // seconds
	Data       uint64  // bytes of writable private memory, 0 for no limit
	Output     int     // bytes of each of stdout and stderr
	WatchStdin bool    // end the program when the runner's standard input ends
}

type reply struct {
	Stdout   []byte
	Stderr   []byte
	Exit     int     // -1 when a signal ended the program
	Signal   string  // its name, empty otherwise
	Stopped  string  // timeout, output, memory or abandoned when a limit ended it
	Duration float64 // seconds
	CPU      float64 // seconds, user and system
	MaxRSS   int64   // bytes
	Error    string  // the program could not be started
}

// bounded keeps the first limit bytes and says when more came. The buffer is
// not embedded: io.Copy would find its ReadFrom and pass Write by.
type bounded struct {
	mutex    sync.Mutex
	buffer   bytes.Buffer
	limit    int
	overflow func()
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if room := b.limit - b.buffer.Len(); len(p) > room {
		b.buffer.Write(p[:room])
		b.overflow()
		return len(p), nil
	}
	return b.buffer.Write(p)
}

func (b *bounded) content() []byte {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]byte(nil), b.buffer.Bytes()...)
}

// killMeAt tells the kernel, where it is Linux, how much rather to kill this
// process than others when memory runs out: at 1000 before all others.
func killMeAt(score int) {
	ioutil.WriteFile("/proc/self/oom_score_adj", []byte(strconv.Itoa(score)), 0666)
}

// linger is how long output may still come after the program has ended: a
// process that it left behind can hold the pipes open for ever.
const linger = time.Second

// collect copies from a new pipe, whose write end it returns, and sends to
// done at the end of the stream. The pipes are ours, because Wait would wait
// for the end of its own.
func collect(to io.Writer, done chan<- bool) (*os.File, error) {
	from, file, err := os.Pipe()
	if err == nil {
		go func() {
			io.Copy(to, from)
			done <- true
		}()
	}
	return file, err
}

// outOfMemoryKills counts the processes that the kernel killed for memory in
// this control group (version 2, then version 1); 0 where it can't be read.
func outOfMemoryKills() int {
	for _, name := range []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"} {
		text, err := ioutil.ReadFile(name)
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(text), "\n") {
			if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "oom_kill" {
				n, _ := strconv.Atoi(fields[1])
				return n
			}
		}
	}
	return 0
}

func call(req request) (rep reply) {
	var once sync.Once
	cmd := exec.Command(req.Argv[0], req.Argv[1:]...)
	stop := func(why string) {
		once.Do(func() {
			rep.Stopped = why
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		})
	}
	overflow := func() { stop("output") }
	stdout := &bounded{limit: req.Output, overflow: overflow}
	stderr := &bounded{limit: req.Output, overflow: overflow}
	done := make(chan bool, 2)
	out, err := collect(stdout, done)
	if err != nil {
		rep.Error = err.Error()
		return
	}
	errors, err := collect(stderr, done)
	if err != nil {
		rep.Error = err.Error()
		return
	}
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = req.Env, req.Dir, out, errors
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if req.Data > 0 {
		limit := syscall.Rlimit{Cur: req.Data, Max: req.Data}
		if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &limit); err != nil {
			rep.Error = "limit memory: " + err.Error()
			return
		}
	}

	kills := outOfMemoryKills()
	start := time.Now()
	// A program that was killed for memory holds it for a moment, in which the
	// kernel may look for a second victim. Serve must not be it: the container
	// would end. So programs go first, which inherit it, then those that call them.
	killMeAt(1000)
	err = cmd.Start()
	killMeAt(900)
	if err != nil {
		rep.Error = err.Error()
		return
	}
	out.Close()
	errors.Close()
	timer := time.AfterFunc(time.Duration(req.Timeout*float64(time.Second)), func() { stop("timeout") })
	if req.WatchStdin {
		go func() {
			io.Copy(ioutil.Discard, os.Stdin)
			stop("abandoned")
		}()
	}
	cmd.Wait()
	rep.Duration = time.Since(start).Seconds()
	timer.Stop()
	once.Do(func() {}) // from here on nobody stops it, and Stopped is settled
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	late := time.After(linger)
	for open := 2; open > 0; open-- {
		select {
		case <-done:
		case <-late:
			open = 0
		}
	}

	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	rep.Exit = status.ExitStatus()
	if status.Signaled() {
		rep.Exit = -1
		rep.Signal = status.Signal().String()
	}
	rep.Stdout, rep.Stderr = stdout.content(), stderr.content()
	// The count is the whole container's: another program's kill must not be
	// taken for this one's. A child's kill is what `go build` dies of.
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL ||
		rep.Exit != 0 && bytes.Contains(rep.Stderr, []byte("signal: killed"))
	if rep.Stopped == "" && killed && outOfMemoryKills() > kills {
		rep.Stopped = "memory"
	}
	rep.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	rep.MaxRSS = usage.Maxrss
	if runtime.GOOS != "darwin" { // kilobytes everywhere else
		rep.MaxRSS *= 1024
	}
	return
}

func unpack(dir string) error {
	archive := tar.NewReader(os.Stdin)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.Clean("/"+header.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0777); err != nil {
			return err
		}
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, os.FileMode(header.Mode))
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, archive); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
}

// exitNoFile is the exit code of read when the file does not exist.
const exitNoFile = 3

func read(name string) error {
	file, err := os.Open(name)
	if os.IsNotExist(err) {
		os.Exit(exitNoFile)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, file)
	return err
}

// frame is one piece of an answer on standard output: its header is a line of
// the request's id, a stream (1 or 2 for those of the process, 0 for its end)
// and the number of bytes that follow, or the exit code at the end.
func frame(id, stream, number int, content []byte) {
	framing.Lock()
	defer framing.Unlock()
	fmt.Printf("%d %d %d\n", id, stream, number)
	os.Stdout.Write(content)
}

var framing sync.Mutex

type outlet struct{ id, stream int }

func (o outlet) Write(p []byte) (int, error) {
	frame(o.id, o.stream, len(p), p)
	return len(p), nil
}

// A server runs the runner's other verbs, each in a process of its own, so
// that nothing they need stays with this one.
type server struct {
	mutex   sync.Mutex
	running int
	alone   bool // in this PID namespace there are only processes of ours
}

func (s *server) start(id int, argv []string, input io.Reader) {
	cmd := exec.Command(os.Args[0], argv...)
	cmd.Env = []string{} // Go itself would read GOMAXPROCS and GODEBUG from it
	cmd.Stdout, cmd.Stderr = outlet{id, 1}, outlet{id, 2}
	stdin, err := cmd.StdinPipe()
	kills := outOfMemoryKills()
	if err == nil {
		s.mutex.Lock()
		if err = cmd.Start(); err == nil {
			s.running++
		}
		s.mutex.Unlock()
	}
	if err == nil {
		io.Copy(stdin, input)
		stdin.Close()
	}
	io.Copy(ioutil.Discard, input) // the next request stands behind it
	if err != nil {
		text := err.Error()
		frame(id, 2, len(text), []byte(text))
		frame(id, 0, 1, nil)
		return
	}
	go func() {
		cmd.Wait()
		s.ended()
		status := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if argv[0] == "call" && status.Signaled() && outOfMemoryKills() > kills {
			json.NewEncoder(outlet{id, 1}).Encode(reply{Exit: -1, Signal: "killed", Stopped: "memory"})
		}
		frame(id, 0, status.ExitStatus(), nil)
	}()
}

// ended kills, when nothing is to run any more, what programs left behind.
func (s *server) ended() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.running--
	if s.running > 0 || !s.alone {
		return
	}
	for deadline := time.Now().Add(linger); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if syscall.Kill(-1, syscall.SIGKILL) == syscall.ESRCH {
			return
		}
	}
}

// isMainProcess says whether the container's init started this very command,
// so that every other process here is below it.
func isMainProcess() bool {
	command, _ := ioutil.ReadFile("/proc/1/cmdline")
	return os.Getpid() == 1 || os.Getppid() == 1 && bytes.Contains(command, []byte("\x00"+os.Args[0]+"\x00serve\x00"))
}

func serve(dir, cache string) error {
	if err := link(cache, filepath.Join(dir, "gocache")); err != nil {
		return err
	}
	s := &server{alone: isMainProcess()}
	input := bufio.NewReader(os.Stdin)
	frame(0, 0, 0, nil) // ready
	for {
		line, err := input.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var req struct {
			ID   int
			Argv []string
			Size int64 // bytes of standard input, which follow
		}
		if err := json.Unmarshal([]byte(line), &req); err != nil {
			return err
		}
		s.start(req.ID, req.Argv, io.LimitReader(input, req.Size))
	}
}

// link makes a build cache that can be written to out of one that cannot, by
// a symbolic link for each of its entries.
func link(from, to string) error {
	if err := os.MkdirAll(to, 0777); err != nil {
		return err
	}
	entries, err := filepath.Glob(filepath.Join(from, "??", "*"))
	if err != nil || len(entries) == 0 {
		return err
	}
	for _, entry := range entries {
		folder := filepath.Join(to, filepath.Base(filepath.Dir(entry)))
		if err := os.MkdirAll(folder, 0777); err != nil {
			return err
		}
		if err := os.Symlink(entry, filepath.Join(folder, filepath.Base(entry))); err != nil {
			return err
		}
	}
	// Trimmed just now, or go would remove the entries of an old image.
	now := fmt.Sprint(time.Now().Unix())
	return ioutil.WriteFile(filepath.Join(to, "trim.txt"), []byte(now), 0666)
}

func main() {
	verb := ""
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	var err error
	switch {
	case verb == "call" && len(os.Args) == 3:
		var req request
		if err = json.Unmarshal([]byte(os.Args[2]), &req); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(call(req))
		}
	case verb == "unpack" && len(os.Args) == 3:
		err = unpack(os.Args[2])
	case verb == "read" && len(os.Args) == 3:
		err = read(os.Args[2])
	case verb == "serve" && len(os.Args) == 4:
		err = serve(os.Args[2], os.Args[3])
	default:
		err = fmt.Errorf("usage: runner call REQUEST | unpack DIR | read FILE | serve DIR CACHE")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "runner:", err)
		os.Exit(1)
	}
}
