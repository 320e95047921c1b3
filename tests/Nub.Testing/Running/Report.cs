using System.Diagnostics;
using Xunit.Abstractions;

namespace Nub.Testing.Running;

/// <summary>Gathers what the test framework finds and reports, and prints each failure, each skipped test with its reason, what
/// tests wrote, and the end of each class.</summary>
internal sealed class Report(string filter) : LongLivedMarshalByRefObject, IMessageSink, IDisposable
{
    private readonly ManualResetEventSlim _end = new();
    private readonly List<ITestCase> _found = [];
    private readonly Dictionary<ITest, long> _running = [];
    private Timer? _clock;

    public int Passed { get; private set; }

    public int Failed { get; private set; }

    public int Skipped { get; private set; }

    public string Sum => $"{Passed} passed, {Failed} failed" + (Skipped == 0 ? "" : $", {Skipped} skipped");

    public void Dispose()
    {
        _clock?.Dispose();
        _end.Dispose();
    }

    /// <summary>Says every now and then that the run goes on, and names the tests that have been running for long: so one that stops for
    /// ever is known, and a machine that has stopped with it.</summary>
    public void TellOfProgress(TimeSpan interval) => _clock = new Timer(
        _ =>
        {
            lock (_end)
            {
                Console.WriteLine($"  so far {Sum}");
                foreach ((ITest test, long start) in _running)
                {
                    TimeSpan time = Stopwatch.GetElapsedTime(start);
                    if (time > interval)
                    {
                        Console.WriteLine($"  running for {time.TotalSeconds:F0} s: {test.DisplayName}");
                    }
                }
            }
        },
        state: null,
        interval,
        interval);

    /// <summary>The test cases that the discovery found and the filter takes: names with a part of it (commas
    /// are between them), or without any of what follows its "!".</summary>
    public IReadOnlyList<ITestCase> TakeFound()
    {
        WaitForEnd();
        bool without = filter.StartsWith('!');
        string[] parts = (without ? filter[1..] : filter).Split(',');
        ITestCase[] found = [.. _found.Where(test => without != parts.Any(part => test.DisplayName.Contains(part, StringComparison.OrdinalIgnoreCase)))];
        _found.Clear();
        return found;
    }

    /// <summary>Waits until the discovery, or the run, has ended.</summary>
    public void WaitForEnd()
    {
        _end.Wait();
        _end.Reset();
    }

    public bool OnMessage(IMessageSinkMessage message)
    {
        lock (_end)
        {
            Note(message);
        }

        return true;
    }

    private void Note(IMessageSinkMessage message)
    {
        switch (message)
        {
            case ITestCaseDiscoveryMessage found:
                _found.Add(found.TestCase);
                break;
            case ITestStarting starting:
                _running[starting.Test] = Stopwatch.GetTimestamp();
                break;
            case ITestFinished ended:
                _running.Remove(ended.Test);
                break;
            case ITestPassed passed:
                Passed++;
                if (passed.Output.Length > 0)
                {
                    Console.WriteLine($"  {passed.Test.DisplayName}: {passed.Output.TrimEnd()}");
                }

                break;
            case ITestSkipped skipped:
                Skipped++;
                Console.WriteLine($"  skipped {skipped.Test.DisplayName}: {skipped.Reason}");
                break;
            case ITestFailed failed:
                Fail(failed.Test.DisplayName, failed);
                Console.WriteLine(failed.Output);
                break;
            case IErrorMessage error:
                Fail("the test framework", error);
                break;
            case ITestClassCleanupFailure cleanup:
                Fail(cleanup.TestClass.Class.Name, cleanup);
                break;
            case ITestClassFinished finished when finished.TestsRun > 0:
                Console.WriteLine($"  {finished.TestClass.Class.Name}: {finished.TestsRun} tests, {finished.ExecutionTime:F1} s");
                break;
            case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                _end.Set();
                break;
        }
    }

    private void Fail(string name, IFailureInformation failure)
    {
        Failed++;
        Console.WriteLine($"  FAILED {name}");
        for (int i = 0; i < failure.Messages.Length; i++)
        {
            Console.WriteLine($"    {failure.ExceptionTypes[i]}: {failure.Messages[i]}");
            Console.WriteLine(failure.StackTraces[i]);
        }
    }
}
