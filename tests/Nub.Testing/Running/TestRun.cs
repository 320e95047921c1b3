using System.Reflection;
using Xunit.Sdk;

namespace Nub.Testing.Running;

/// <summary>Runs tests as a plain program does, where there is no test host: under Wine, and in emulated machines.</summary>
public static class TestRun
{
    /// <summary>Runs the tests of assemblies, one assembly after the other, and prints what is to know about them; the last line is the sum.</summary>
    /// <param name="assemblies">Their names.</param>
    /// <param name="filter">Parts of tests' names, with commas, or <c>!</c> and the parts of those that are left out. All tests where it is empty.</param>
    /// <param name="progress">How often it says that the run goes on; null for never.</param>
    /// <returns>The program's exit code: 0 when tests passed and none failed.</returns>
    public static int Run(IEnumerable<string> assemblies, string filter, TimeSpan? progress = null)
    {
        Console.WriteLine($"{Environment.OSVersion}, {Environment.ProcessorCount} processors, .NET {Environment.Version}");
        using var report = new Report(filter);
        if (progress is { } interval)
        {
            report.TellOfProgress(interval);
        }

        foreach (string name in assemblies)
        {
            Assembly tests = Assembly.Load(name);
            using var framework = new XunitTestFramework(report);
            using var discoverer = framework.GetDiscoverer(new ReflectionAssemblyInfo(tests));
            using var executor = framework.GetExecutor(tests.GetName());
            discoverer.Find(includeSourceInformation: false, report, new Options());
            executor.RunTests(report.TakeFound(), report, new Options());
            report.WaitForEnd();
        }

        Console.WriteLine(report.Sum);
        return report.Failed == 0 && report.Passed > 0 ? 0 : 1;
    }

    /// <summary>Runs another program in this process, as <c>dotnet exec</c> does: where there is no dotnet, tests start their children by this program's path.</summary>
    public static int Exec(string program, string[] arguments)
    {
        object? result = Assembly.LoadFrom(program).EntryPoint!.Invoke(null, [arguments]);
        return result is int status ? status : 0;
    }
}
