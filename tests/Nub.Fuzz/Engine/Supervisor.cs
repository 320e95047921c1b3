using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Nub.Fuzz.Targets;

namespace Nub.Fuzz.Engine;

/// <summary>Runs the targets one after the other, each in a process of its own, which may end by itself or not at all.</summary>
internal sealed class Supervisor(TimeSpan time, int seed, string? keepFolder)
{
    private const int MostErrorLines = 40;

    // Of a process until its first input is through: the runtime's start on a busy machine counts too.
    private static readonly TimeSpan s_startPatience = TimeSpan.FromMinutes(2);

    private volatile bool _isStopped;

    /// <summary>Fuzzes the targets.</summary>
    /// <returns>The exit code: 1 when one of them failed.</returns>
    public int Run(IReadOnlyList<string> targets)
    {
        // A signal ends the target that runs, so that the folder is removed.
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
        PosixSignalRegistration[] registrations = Array.ConvertAll(signals, signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            _isStopped = true;
        }));
        using var instrumented = new Instrumentation();
        long executions = 0;
        int failed = 0;
        foreach (string name in targets)
        {
            if (_isStopped)
            {
                break;
            }

            using FuzzTarget target = AllTargets.Named(name);
            (long count, bool isRight) = Run(target, instrumented.Folder);
            executions += count;
            failed += isRight ? 0 : 1;
        }

        Array.ForEach(registrations, static registration => registration.Dispose());
        if (_isStopped)
        {
            return 130;
        }

        Console.WriteLine($"{targets.Count} targets, {executions} executions, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    private (long Executions, bool IsRight) Run(FuzzTarget target, string folder)
    {
        string currentPath = Path.Combine(folder, target.Name + ".current");
        string failurePath = Path.Combine(folder, target.Name + ".failure");
        using var current = new CurrentInput(currentPath, target.MaxLength);
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList =
            {
                "exec", Path.Combine(folder, "Nub.Fuzz.dll"), "work", target.Name, CorpusFile.PathOf(Path.Combine(AppContext.BaseDirectory, "Corpus"), target.Name), currentPath, failurePath,
                keepFolder is null ? "" : CorpusFile.PathOf(keepFolder, target.Name), time.TotalSeconds.ToString(CultureInfo.InvariantCulture), seed.ToString(CultureInfo.InvariantCulture),
            },
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };

        // An input that takes memory without bound fails with an exception, and takes no more than this from the machine.
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x80000000";
        using Process worker = Process.Start(start)!;

        // A stack that has overflowed is told in ten thousands of lines.
        int lines = 0;
        worker.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null && ++lines <= MostErrorLines)
            {
                Console.WriteLine(e.Data);
            }
        };
        worker.BeginErrorReadLine();
        string? end = Wait(worker, current, target.Patience) ? worker.ExitCode == 0 ? null : "failed" : "did not end";
        if (end is not null && !_isStopped)
        {
            byte[] input = File.Exists(failurePath) ? File.ReadAllBytes(failurePath) : current.Read();
            string saved = Path.Combine(Path.GetTempPath(), $"nub-fuzz-failure-{target.Name}-{Environment.ProcessId}");
            File.WriteAllBytes(saved, input);
            Console.WriteLine($"{target.Name}: {end} after {current.Executions} executions, exit code {worker.ExitCode}, seed {seed}. The input is {saved}, in base64: {Convert.ToBase64String(input)}");
            Console.WriteLine($"{target.Name}: again with: dotnet run -c Release --project tests/Nub.Fuzz -- run {target.Name} {saved}");
        }

        return (current.Executions, end is null);
    }

    /// <summary>Waits for the end of a process, and makes it end when one input takes longer than the target's patience.</summary>
    private bool Wait(Process worker, CurrentInput current, TimeSpan patience)
    {
        long last = -1;
        var since = Stopwatch.StartNew();
        while (!worker.WaitForExit(TimeSpan.FromMilliseconds(200)))
        {
            if (current.Executions != last && !_isStopped)
            {
                last = current.Executions;
                since.Restart();
            }
            else if (since.Elapsed > (last == 0 ? s_startPatience : patience) || _isStopped)
            {
                worker.Kill();
                worker.WaitForExit();
                return false;
            }
        }

        return true;
    }
}
