using System.Runtime.Intrinsics.X86;
using Nub.Memory.Touches;

// Makes each access between two signals to the tracer of this thread. The tracer is told by the mailbox what the access is to touch.
// Arguments: "all", "controls", or the sizes to do.
Mailbox.Open();
Console.WriteLine($"process {Environment.ProcessId} mailbox {Mailbox.Address:X} avx512 {Avx512BW.IsSupported} avx {Avx.IsSupported}");
Console.ReadLine();
HashSet<int>? sizes = args is ["all" or "controls"] ? null : [.. args.Select(size => int.Parse(size, null))];
using var subject = new Subject();
foreach (Case access in args is ["controls"] ? subject.Controls() : subject.Cases(size => sizes is null || sizes.Contains(size)))
{
    // Once before it counts: so the JIT and whatever is made for a first use is out of the way.
    access.Prepare?.Invoke();
    access.Run();
    access.Prepare?.Invoke();
    Mailbox.Announce(access);
    access.Run();
    Mailbox.End();
}

Mailbox.Quit();
return 0;
