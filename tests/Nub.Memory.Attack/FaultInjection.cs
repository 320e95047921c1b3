using System.Reflection;

namespace Nub.Memory.Attack;

/// <summary>
/// Goes the whole way of a memory, from its creation to its end, again and again, and each time another of the steps inside of it
/// fails once: a native allocation or a system call (faults.c), or a managed allocation (the library's own fault points). Each way
/// that fails ends in typed exceptions; afterwards nothing is left of it, and the next way is gone without a fault.
/// </summary>
internal static class FaultInjection
{
    private static readonly FieldInfo? s_failAt = FaultPoint?.GetField("s_failAt", BindingFlags.Static | BindingFlags.NonPublic);
    private static readonly FieldInfo? s_reached = FaultPoint?.GetField("s_reached", BindingFlags.Static | BindingFlags.NonPublic);

    private static Type? FaultPoint => typeof(HostSharedMemory).Assembly.GetType("Nub.Memory.FaultPoint");

    /// <summary>
    /// Arguments: native or managed; and cold with the number of the step, for the first way that the process goes, or warm or table-full, for
    /// all steps of the ways after it, one after another; with table-full threads have no place in the table of slots.
    /// </summary>
    public static void Run(string[] args)
    {
        Faults.Attach();
        bool native = args[0] == "native";
        if (args is [_, "cold", string number])
        {
            Console.WriteLine(FailOnce(native, int.Parse(number, null), cold: true) ? "reached" : "not reached");
            return;
        }

        Way.Go(mayFail: false);
        (HostSharedMemory other, GuestSharedMemory otherGuest) = new ExclusiveSharedMemory(4096).Build();
        int step = 0;
        do
        {
            step++;
            if (args[1] == "table-full")
            {
                Judge.AccessFromManyPages(other, 2_000);
            }
        }
        while (FailOnce(native, step, cold: false));
        other.Dispose();
        otherGuest.Dispose();

        Console.WriteLine($"{step - 1} steps failed, one at a time");
        Judge.Require(step > 10, "too few steps could be made fail for this to prove anything");
    }

    /// <returns>Whether there was a step of this number.</returns>
    private static bool FailOnce(bool native, int number, bool cold)
    {
        // To look at the library would make it allocate.
        Ledger before = cold ? default : Ledger.Take();
        Arm(native, number);
        List<string> refused;
        bool reached;
        try
        {
            refused = Way.Go(mayFail: true);
        }
        finally
        {
            reached = Disarm(native) >= number;
        }

        string failed = native ? Faults.Last : "a managed allocation";
        Judge.Collect();
        if (!cold)
        {
            // A mapping that the kernel would not take back is left, and no other.
            before.Compare(Ledger.Take(), number, failed, mayLeave: failed == "munmap" ? 1 : 0);
        }

        Way.Go(mayFail: false);
        Console.WriteLine($"{number}: {failed}: {string.Join("; ", refused)}");
        return reached;
    }

    private static void Arm(bool native, int number)
    {
        if (native)
        {
            Faults.FailOne(number);
        }
        else
        {
            s_reached!.SetValue(null, 0);
            s_failAt!.SetValue(null, number);
        }
    }

    private static int Disarm(bool native)
    {
        if (native)
        {
            return Faults.Stop();
        }

        s_failAt!.SetValue(null, 0);
        return (int)s_reached!.GetValue(null)!;
    }

    /// <summary>What must be the same before and after.</summary>
    private readonly record struct Ledger(int Mappings, int Descriptors, int LeaseCells)
    {
        // How many cells were ever taken: a cell that is not given back shows as one more.
        private static readonly FieldInfo s_cells = typeof(HostSharedMemory).Assembly.GetType("Nub.Memory.LeaseCells")!
            .GetField("s_used", BindingFlags.Static | BindingFlags.NonPublic)!;

        public static Ledger Take() => new(
            Faults.Mappings,
            Directory.GetFileSystemEntries("/proc/self/fd").Count(Way.IsOurs),
            (int)s_cells.GetValue(null)!);

        public void Compare(Ledger after, int number, string failed, int mayLeave)
        {
            Judge.Require(after.Mappings <= Mappings + mayLeave, $"step {number}, {failed}: {after.Mappings - Mappings} mappings are left");
            Judge.Require(after.Descriptors <= Descriptors, $"step {number}, {failed}: {after.Descriptors - Descriptors} descriptors are left");
            Judge.Require(after.LeaseCells <= LeaseCells, $"step {number}, {failed}: {after.LeaseCells - LeaseCells} leases are left");
        }
    }
}
