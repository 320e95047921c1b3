using System.Diagnostics;

namespace Nub.Memory.Tests;

/// <summary>The program of Nub.Memory.Child as another process that goes on until it is told to end.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private int _lines;

    public PeerProcess(params string[] arguments)
    {
        ProcessStartInfo start = ChildProcess.Beside("Nub.Memory.Child", arguments);
        start.Environment["DOTNET_TieredPGO"] = "0";
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                Interlocked.Increment(ref _lines);
            }
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>How many lines it has written.</summary>
    public int Lines => Volatile.Read(ref _lines);

    /// <summary>How a file of this process is found by another.</summary>
    public static string PathOf(System.Runtime.InteropServices.SafeHandle file) => $"/proc/{Environment.ProcessId}/fd/{file.DangerousGetHandle()}";

    /// <summary>Waits for its first line.</summary>
    public void WaitUntilReady()
    {
        Patience.WaitUntil(() => Lines > 0 || _process.HasExited);
        Assert.False(_process.HasExited, "The peer did not get ready.");
    }

    /// <summary>Lets it end, and checks that it did so of its own accord.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(60_000))
        {
            _process.Kill();
        }

        _process.WaitForExit();
        string errors = _errors.GetAwaiter().GetResult();
        int exitCode = _process.ExitCode;
        _process.Dispose();
        Assert.True(exitCode == 0, $"The peer ended with {exitCode}: {errors}");
    }
}
