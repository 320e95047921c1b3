using Nub.Kvm;
using Nub.Testing.Running;

// Usage: Nub.Kvm.Runner [parts of tests' names, with commas | !parts]      (! leaves those out that have one)
Console.WriteLine(KvmSystem.IsSupported(out string whyNot) ? "KVM can be used." : $"KVM cannot be used: {whyNot}");
return TestRun.Run(["Nub.Kvm.Tests"], args.FirstOrDefault() ?? "", progress: TimeSpan.FromMinutes(1));
