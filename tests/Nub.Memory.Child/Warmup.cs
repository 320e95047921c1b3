using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Reflection;

namespace Nub.Memory.Child;

/// <summary>Calls every subject often enough for the JIT to compile its optimized code, which it lists as its environment asks.</summary>
internal static class Warmup
{
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly string[] s_wanted =
    [
        .. typeof(Subjects).GetMethods(Own).Concat(typeof(Controls).GetMethods(Own)).Select(method => method.Name),
        "CopyOutLarge", "CopyInLarge", "CopyOutAligned", "CopyInAligned", "FillLarge", "FillAligned",
    ];

    public static void Run()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        byte[] large = new byte[4096];
        using (host)
        using (guest)
        {
            // Until the JIT has said that it optimized each of them, however busy the machine is; the time is for one that never does.
            using var optimized = new OptimizedMethods();
            host.Write(64, 1UL);
            for (var clock = Stopwatch.StartNew(); !optimized.HasAll(s_wanted) && clock.Elapsed < TimeSpan.FromMinutes(4);)
            {
                for (int i = 0; i < 100; i++)
                {
                    CallAll(host, large);
                }

                Thread.Sleep(50);
            }
        }
    }

    [Reread(Justification = "The subjects are called for their machine code, and not for what they read.")]
    private static unsafe void CallAll(HostSharedMemory host, byte[] large)
    {
        Subjects.ReadByte(host, 64);
        Subjects.ReadUInt16(host, 64);
        Subjects.ReadUInt32(host, 64);
        Subjects.ReadUInt64(host, 64);
        Subjects.ReadDouble(host, 64);
        Subjects.ReadSingle(host, 64);
        Subjects.ReadInt16(host, 64);
        Subjects.ReadChar(host, 64);
        Subjects.WriteUInt16(host, 128, 5);
        Subjects.WriteUInt32(host, 128, 5);
        Subjects.WriteUInt64(host, 128, 5);
        Subjects.WriteByte(host, 128, 5);
        Subjects.CheckAndUse(host, 64);
        Subjects.SpinUntilSet(host, 64);
        Subjects.ViewOfMemory(host, 64);
        Subjects.CopyTo(host, large);
        Subjects.CopyFrom(host, large);
        Subjects.Fill(host, 1);
        Subjects.BaseOf(host.Live);
        using (HostLease access = host.Enter())
        {
            Subjects.SpinOnView(in access, 64);
            Subjects.ViewField(in access, 64);
            Subjects.ViewFieldWrite(in access, 128, 7);
            Subjects.ViewFieldBigEndian(in access, 64);
            Subjects.ViewFieldUInt32(in access, 64);
            Subjects.ViewFieldByte(in access, 64);
            Subjects.ViewOfElement(in access, 64, 2);
            Subjects.ViewBits(in access, 64);
            Subjects.ViewBitsBigEndian(in access, 64);
            Subjects.ViewBit(in access, 64);
            Subjects.ViewEnum(in access, 64, out _);
            Subjects.ViewTail(in access, 64);
            Subjects.ViewUnion(in access, 64);
            Subjects.ViewBitsWrite(in access, 128, 7);
            Subjects.ViewBitWrite(in access, 128, true);
        }

        ulong* place = stackalloc ulong[2];
        place[0] = 1;
        Subjects.HashOfFetch((byte*)place);
        Subjects.SpinOnFetch((byte*)place);
        Controls.HashInPlace(place);
        Controls.SpinPlain((uint*)place);
        Controls.StructInPlace((byte*)place);
    }
}

/// <summary>The methods of which the runtime has said that it compiled their optimized code (MethodLoadVerbose, CLR events of .NET).</summary>
internal sealed class OptimizedMethods : EventListener
{
    private const EventKeywords Jit = (EventKeywords)0x10;
    private const int TierShift = 7;
    private const uint TierMask = 7;
    private const uint OptimizedTier1 = 4;

    private readonly ConcurrentDictionary<string, bool> _names = new();

    public bool HasAll(IEnumerable<string> names) => names.All(_names.ContainsKey);

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
        {
            EnableEvents(eventSource, EventLevel.Verbose, Jit);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) == true
            && eventData.Payload is [_, _, _, _, _, uint flags, _, string name, ..]
            && (flags >> TierShift & TierMask) == OptimizedTier1)
        {
            // The base constructor may bring events before this class's fields are there.
            _names?.TryAdd(name, true);
        }
    }
}
