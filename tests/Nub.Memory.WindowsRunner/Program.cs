using System.Reflection;
using Nub.Memory.WindowsRunner;
using Xunit.Sdk;

// Usage: Nub.Memory.WindowsRunner [parts of tests' names, with commas | !parts]      (! leaves those out that have one)
//        Nub.Memory.WindowsRunner exec <program.dll> [arguments]
if (args is ["exec", string program, .. string[] arguments])
{
    // As dotnet would, which is not there: tests start what they need a process of its own for by the path of this one.
    return (int)Assembly.LoadFrom(program).EntryPoint!.Invoke(null, [arguments])!;
}

Console.WriteLine($"{Environment.OSVersion}, {Environment.ProcessorCount} processors, .NET {Environment.Version}");
var report = new Report(args.FirstOrDefault() ?? "");
foreach (Assembly tests in (Assembly[])[Assembly.Load("Nub.Memory.Tests"), Assembly.GetExecutingAssembly()])
{
    using var framework = new XunitTestFramework(report);
    using var discoverer = framework.GetDiscoverer(new ReflectionAssemblyInfo(tests));
    using var executor = framework.GetExecutor(tests.GetName());
    discoverer.Find(includeSourceInformation: false, report, new Options());
    executor.RunTests(report.TakeFound(), report, new Options());
    report.WaitForEnd();
}

Console.WriteLine(report.Sum);
return report.Failed == 0 && report.Passed > 0 ? 0 : 1;
