// The runner starts one program under limits and says how it ended. goclaim
// compiles it with every toolchain it uses, so it must build on Go 1.2.
//
//	runner call REQUEST   run a program; REQUEST and the reply are JSON
//	runner unpack DIR     unpack a tar archive from standard input into DIR
//	runner read FILE      print FILE; exit code 3 when there is none
//	runner wait DIR       make DIR, print ready, wait until standard input ends
//
// It exists because a Python parent would add its own memory to the program's
// peak RSS (the kernel counts the pages from before exec), and because inside
// a container nobody else can tell peak RSS or a kill for memory.
package main

import (
	"archive/tar"
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
	buffer   bytes.Buffer
	limit    int
	overflow func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.buffer.Len(); len(p) > room {
		b.buffer.Write(p[:room])
		b.overflow()
		return len(p), nil
	}
	return b.buffer.Write(p)
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
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = req.Env, req.Dir, stdout, stderr
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
	if err := cmd.Start(); err != nil {
		rep.Error = err.Error()
		return
	}
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

	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	rep.Exit = status.ExitStatus()
	if status.Signaled() {
		rep.Exit = -1
		rep.Signal = status.Signal().String()
	}
	if rep.Stopped == "" && outOfMemoryKills() > kills {
		rep.Stopped = "memory"
	}
	rep.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	rep.MaxRSS = usage.Maxrss
	if runtime.GOOS != "darwin" { // kilobytes everywhere else
		rep.MaxRSS *= 1024
	}
	rep.Stdout, rep.Stderr = stdout.buffer.Bytes(), stderr.buffer.Bytes()
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

func wait(dir string) error {
	if err := os.MkdirAll(dir, 0777); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err := io.Copy(ioutil.Discard, os.Stdin)
	return err
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
	case verb == "wait" && len(os.Args) == 3:
		err = wait(os.Args[2])
	default:
		err = fmt.Errorf("usage: runner call REQUEST | unpack DIR | read FILE | wait DIR")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "runner:", err)
		os.Exit(1)
	}
}
