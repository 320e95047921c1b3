using System.Collections.Immutable;

namespace Nub.Memory.StandIn.Projects;

/// <summary>cloudtoid/interprocess: the headers of a queue and of its messages lie in memory that other processes write, and are read through pointers to structs.</summary>
internal sealed class Interprocess : Project
{
    public override string Name => "interprocess";

    public override ImmutableArray<MemoryType> Memories => [];

    public override ImmutableArray<CallRule> Calls => [];

    // Its tests and benchmarks have no other side.
    public override ImmutableArray<string> Without => ["Interprocess.Tests/", "Interprocess.Benchmark/"];

    // It has implicit usings.
    public override string Beside => Spice86.ImplicitUsings;

    public override string Declared => """
        GuestValue Cloudtoid.Interprocess.QueueHeader.ReadOffset
        GuestValue Cloudtoid.Interprocess.QueueHeader.WriteOffset
        GuestValue Cloudtoid.Interprocess.QueueHeader.ReadLockTimestamp
        GuestValue Cloudtoid.Interprocess.MessageHeader.State
        GuestValue Cloudtoid.Interprocess.MessageHeader.BodyLength
        SharedRead Cloudtoid.Interprocess.CircularBuffer.Read offset length

        """;
}
