using System.Reflection;
using Nub.Kvm;
using Nub.Memory.WindowsRunner;
using Xunit.Sdk;

// Usage: Nub.Kvm.Runner [parts of tests' names, with commas | !parts]      (! leaves those out that have one)
Console.WriteLine($"{Environment.OSVersion}, {Environment.ProcessorCount} processors, .NET {Environment.Version}");
Console.WriteLine(KvmSystem.IsSupported(out string whyNot) ? "KVM can be used." : $"KVM cannot be used: {whyNot}");

Assembly tests = Assembly.Load("Nub.Kvm.Tests");
using var report = new Report(args.FirstOrDefault() ?? "");
report.TellOfProgress(TimeSpan.FromMinutes(1));
using var framework = new XunitTestFramework(report);
using var discoverer = framework.GetDiscoverer(new ReflectionAssemblyInfo(tests));
using var executor = framework.GetExecutor(tests.GetName());
discoverer.Find(includeSourceInformation: false, report, new Options());
executor.RunTests(report.TakeFound(), report, new Options());
report.WaitForEnd();

Console.WriteLine(report.Sum);
return report.Failed == 0 && report.Passed > 0 ? 0 : 1;
