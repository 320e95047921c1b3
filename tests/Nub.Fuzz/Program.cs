using System.Globalization;
using Nub.Fuzz.Engine;
using Nub.Fuzz.Targets;

namespace Nub.Fuzz;

/// <summary>
/// Fuzzing that coverage leads; tests/fuzz.sh is its front.
/// <c>fuzz SECONDS KEEP|- [target ...]</c> fuzzes each target so long; <c>run TARGET FILE|BASE64</c> runs one input, without instrumentation; <c>list</c> says which targets there are.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["fuzz", var seconds, var keep, .. var names]:
                int seed = int.TryParse(Environment.GetEnvironmentVariable("NUB_FUZZ_SEED"), CultureInfo.InvariantCulture, out int given) ? given : Environment.TickCount;
                return new Supervisor(Seconds(seconds), seed, keep == "-" ? null : Path.GetFullPath(keep)).Run(names.Length == 0 ? [.. AllTargets.Names] : names);

            case ["work", var name, var corpus, var current, var failure, var keep, var seconds, var workerSeed]:
                var options = new WorkerOptions(corpus, current, failure, keep.Length == 0 ? null : keep, Seconds(seconds), int.Parse(workerSeed, CultureInfo.InvariantCulture));
                return Work(name, options);

            case ["run", var name, var input]:
                using (FuzzTarget one = AllTargets.Named(name))
                {
                    one.Run(File.Exists(input) ? File.ReadAllBytes(input) : Convert.FromBase64String(input));
                }

                Console.WriteLine($"{name}: nothing failed");
                return 0;

            case ["list"]:
                Console.WriteLine(string.Join('\n', AllTargets.Names));
                return 0;

            default:
                Console.Error.WriteLine("fuzz SECONDS KEEP|- [target ...] | run TARGET FILE|BASE64 | list");
                return 2;
        }
    }

    // The worker first, with its map, then the target: it may run instrumented code when it is made.
    private static int Work(string name, WorkerOptions options)
    {
        // The end of the input says that the parent process has ended, which would have ended this one.
        new Thread(static () =>
        {
            Console.OpenStandardInput().ReadByte();
            Environment.Exit(4);
        })
        { IsBackground = true }.Start();
        var coverage = new Coverage();
        ScratchFile.Folder = AppContext.BaseDirectory;
        using FuzzTarget target = AllTargets.Named(name);
        using var worker = new Worker(coverage, target, options);
        return worker.Run();
    }

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));
}
