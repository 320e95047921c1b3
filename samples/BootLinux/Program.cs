using System.CommandLine;
using System.Diagnostics;
using BootLinux;
using Nub.Kvm;
using Nub.Memory;

// Boots a Linux kernel on Nub.Kvm, runs a command in it, and ends with the command's status: see README.md beside this.
Option<string?> kernelOption = new("--kernel") { Description = "A bzImage. Without it: that of Debian's package linux-image-cloud-amd64." };
Option<string?> busyboxOption = new("--busybox") { Description = "busybox, statically linked. Without it: that of Debian's package busybox-static." };
Option<int> memoryOption = new("--memory") { Description = "The guest's memory in MiB, 128 to 3072.", DefaultValueFactory = _ => 256 };
Option<int> minutesOption = new("--minutes") { Description = "How long it may take, at least 1.", DefaultValueFactory = _ => 5 };
Option<string> appendOption = new("--append") { Description = "More for the kernel's command line.", DefaultValueFactory = _ => "" };
Argument<string> commandArgument = new("command")
{
    Description = "What busybox's shell is to run inside.",
    DefaultValueFactory = _ => "uname -a; head -5 /proc/cpuinfo; free",
};
var root = new RootCommand("Boots a Linux kernel on Nub.Kvm and runs a command in it.")
{
    kernelOption, busyboxOption, memoryOption, minutesOption, appendOption, commandArgument,
};
root.SetAction(parsed => Boot(
    parsed.GetValue(kernelOption),
    parsed.GetValue(busyboxOption),
    Math.Clamp(parsed.GetValue(memoryOption), 128, 3072),
    Math.Max(parsed.GetValue(minutesOption), 1),
    parsed.GetValue(appendOption)!,
    parsed.GetValue(commandArgument)!));
return root.Parse(args).Invoke();

static int Boot(string? kernelPath, string? busyboxPath, int megabytes, int minutes, string append, string command)
{
    if (!KvmSystem.IsSupported(out string whyNot))
    {
        return Fail($"this sample needs KVM. {whyNot}");
    }

    try
    {
        if (kernelPath is null || busyboxPath is null)
        {
            string cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "nub-boot-linux");
            (string kernel, string busybox) = DebianFiles.Get(cache);
            kernelPath ??= kernel;
            busyboxPath ??= busybox;
        }

        // No ACPI tables and no PCI, so the kernel is not to look for them; it resets by a triple fault, which is an exit.
        string commandLine = $"console=ttyS0 earlyprintk=serial,ttyS0 acpi=off pci=off reboot=t panic=-1 {append}".TrimEnd();
        var clock = Stopwatch.StartNew();
        var log = new SerialLog(Console.Out);
        using var machine = new LinuxMachine(
            KernelImage.Read(kernelPath), Ramdisk.Build(File.ReadAllBytes(busyboxPath), command), commandLine, (ulong)megabytes << 20, log);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(minutes));
        try
        {
            machine.Run(patience.Token);
        }
        finally
        {
            log.Flush();
        }

        Console.WriteLine($"BootLinux: {machine.Exits} exits in {clock.Elapsed.TotalSeconds:F1} s");
        return log.Status ?? Fail("the kernel ended before the command did.");
    }
    catch (Exception broken) when (broken is InvalidDataException or InvalidOperationException or IOException or KvmException or SharedMemoryException)
    {
        return Fail(broken.Message);
    }
}

static int Fail(string reason)
{
    Console.Error.WriteLine($"BootLinux: {reason}");
    return 1;
}
