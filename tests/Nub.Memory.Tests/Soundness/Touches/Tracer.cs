using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests.Soundness.Touches;

/// <summary>What was counted of one run of tests/Nub.Memory.Touches.</summary>
/// <param name="Cases">How many accesses were looked at.</param>
/// <param name="Touches">How many instructions touched the memory in all of them.</param>
/// <param name="Hello">What the program says of itself.</param>
/// <param name="Wrong">The accesses that touched what they should not, or not what they should, or twice.</param>
internal sealed record TouchReport(int Cases, int Touches, string Hello, List<string> Wrong);

/// <summary>
/// Counts from outside how often each byte of a shared memory is touched. While an access runs, the memory is inaccessible; each
/// instruction that touches it faults, is decoded, and is let through alone: the memory is opened, one instruction is run, and the memory
/// is closed again, by system calls that the traced thread is made to do.
/// </summary>
internal sealed class Tracer
{
    private const int ProtNone = 0;
    private const ulong MProtect = 10;
    private const int NameAt = 2048;

    private readonly PTrace _thread;
    private readonly SafeFileHandle _memory;
    private readonly ulong _mailbox;
    private readonly TouchDecoder _decoder = new();
    private readonly List<string> _wrong = [];
    private readonly List<int> _held = [];
    private ulong _systemCall;
    private int _cases;
    private int _touches;

    private Tracer(PTrace thread, SafeFileHandle memory, ulong mailbox)
    {
        _thread = thread;
        _memory = memory;
        _mailbox = mailbox;
    }

    /// <summary>Runs the program to its end under the eyes of a tracer.</summary>
    /// <param name="program">The program and its arguments.</param>
    /// <param name="environment">What it is to find in its environment.</param>
    public static TouchReport Run(string[] program, params (string Name, string Value)[] environment)
    {
        // A shell between: of its own children the runtime waits for every change, and would take the stops from the tracer.
        var start = new ProcessStartInfo("sh", ["-c", "\"$@\"; exit $?", "sh", .. program]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process shell = Process.Start(start)!;
        int process = 0;
        try
        {
            string hello = shell.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The program did not start.");
            string[] words = hello.Split(' ');
            process = int.Parse(words[1], CultureInfo.InvariantCulture);
            ulong mailbox = ulong.Parse(words[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

            // The program does its accesses on its first thread, whose number is the process's.
            PTrace thread = PTrace.SeizeThread(process);
            using SafeFileHandle memory = File.OpenHandle($"/proc/{process}/mem");
            shell.StandardInput.WriteLine();
            shell.StandardInput.Flush();
            var tracer = new Tracer(thread, memory, mailbox);
            tracer.Follow();
            process = 0;
            shell.WaitForExit();
            return new TouchReport(tracer._cases, tracer._touches, hello, tracer._wrong);
        }
        finally
        {
            if (process != 0)
            {
                using Process left = Process.GetProcessById(process);
                left.Kill();
            }
        }
    }

    private void Follow()
    {
        Expectation? current = null;
        while (true)
        {
            int signal = _thread.WaitForStop();
            if (signal == PTrace.SigUsr2)
            {
                signal = 0;
                switch (Word(0))
                {
                    case 1:
                        current = ReadExpectation();
                        _systemCall = FindSystemCall();
                        Protect(current, ProtNone);
                        break;
                    case 2:
                        Protect(current!, current!.Open);
                        _cases++;
                        string? wrong = current.Judge();
                        if (wrong is not null)
                        {
                            _wrong.Add(wrong);
                        }

                        current = null;
                        break;
                    default:
                        _thread.Detach();
                        return;
                }
            }
            else if (signal == PTrace.SigSegv && current is not null && current.Covers(_thread.FaultAddress()))
            {
                LetThrough(current);
                signal = 0;
            }

            // Signals that came while one instruction ran are delivered now, one after another.
            if (signal == 0 && _held.Count > 0)
            {
                signal = _held[0];
                _held.RemoveAt(0);
            }

            _thread.Run(signal == PTrace.SigTrap ? 0 : signal);
        }
    }

    private void LetThrough(Expectation current)
    {
        Registers registers = _thread.Get();
        byte[] code = new byte[16];
        _ = RandomAccess.Read(_memory, code, (long)registers.Rip);
        (List<Touch> touches, string text) = _decoder.Decode(code, registers, _thread.GetExtended);
        _touches++;
        current.Count(touches, text);
        Protect(current, current.Open);
        RunOneInstruction($"{current.Name}: {text}");
        Protect(current, ProtNone);
    }

    /// <summary>Makes the thread change the memory's protection, by a system call of its own.</summary>
    private void Protect(Expectation current, int protection)
    {
        Registers before = _thread.Get();
        Registers call = before;
        call.Rip = _systemCall;
        call.Rax = MProtect;
        call.OrigRax = ulong.MaxValue;
        call.Rdi = current.Base;
        call.Rsi = current.Size;
        call.Rdx = (ulong)protection;
        _thread.Set(call);
        RunOneInstruction("mprotect");
        ulong result = _thread.Get().Rax;
        Assert.True(result == 0, $"mprotect: {(long)result}");
        _thread.Set(before);
    }

    private void RunOneInstruction(string what)
    {
        while (true)
        {
            _thread.RunOneInstruction();
            int signal = _thread.WaitForStop();
            if (signal == PTrace.SigTrap)
            {
                return;
            }

            Assert.True(signal != PTrace.SigSegv, $"{what} faulted again, at 0x{_thread.FaultAddress():X}");
            _held.Add(signal);
        }
    }

    /// <summary>The thread has just come from a system call, so one is somewhere before, in code that has many: the C library.</summary>
    private ulong FindSystemCall()
    {
        if (_systemCall != 0)
        {
            return _systemCall;
        }

        ulong at = _thread.Get().Rip;
        byte[] code = new byte[4096];
        int read = RandomAccess.Read(_memory, code, (long)(at - (ulong)code.Length));
        int found = code.AsSpan(0, read).LastIndexOf((ReadOnlySpan<byte>)[0x0F, 0x05]);
        Assert.True(found >= 0, "No system call was found where one was made.");
        return at - (ulong)code.Length + (ulong)found;
    }

    private ulong Word(int index)
    {
        byte[] bytes = new byte[8];
        _ = RandomAccess.Read(_memory, bytes, (long)_mailbox + (8 * index));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private Expectation ReadExpectation()
    {
        byte[] page = new byte[4096];
        Assert.Equal(page.Length, RandomAccess.Read(_memory, page, (long)_mailbox));
        ulong At(int index) => BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(8 * index));
        ReadOnlySpan<byte> name = page.AsSpan(NameAt);
        var expectation = new Expectation(Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]), At(1), At(2), (int)At(3));
        (int reads, int writes) = ((int)At(4), (int)At(5));
        for (int i = 0; i < reads + writes; i++)
        {
            expectation.Expect((int)At(6 + (2 * i)), (int)At(7 + (2 * i)), writes: i >= reads);
        }

        return expectation;
    }
}
