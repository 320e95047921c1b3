using System.Collections.Immutable;

namespace Nub.Memory.StandIn.Projects;

/// <summary>spazzarama/SharedMemory: the headers of a buffer, of its nodes and of a remote call lie in memory that other processes write.</summary>
internal sealed class SharedMemory : Project
{
    public override string Name => "sharedmemory";

    public override ImmutableArray<MemoryType> Memories => [];

    public override ImmutableArray<CallRule> Calls => [];

    public override string Declared => """
        GuestValue SharedMemory.SharedHeader.SharedMemorySize
        GuestValue SharedMemory.SharedHeader.Shutdown
        GuestValue SharedMemory.CircularBuffer.NodeHeader.ReadEnd
        GuestValue SharedMemory.CircularBuffer.NodeHeader.ReadStart
        GuestValue SharedMemory.CircularBuffer.NodeHeader.WriteEnd
        GuestValue SharedMemory.CircularBuffer.NodeHeader.WriteStart
        GuestValue SharedMemory.CircularBuffer.NodeHeader.NodeCount
        GuestValue SharedMemory.CircularBuffer.NodeHeader.NodeBufferSize
        GuestValue SharedMemory.CircularBuffer.Node.Next
        GuestValue SharedMemory.CircularBuffer.Node.Prev
        GuestValue SharedMemory.CircularBuffer.Node.DoneRead
        GuestValue SharedMemory.CircularBuffer.Node.DoneWrite
        GuestValue SharedMemory.CircularBuffer.Node.Offset
        GuestValue SharedMemory.CircularBuffer.Node.AmountWritten
        SharedRead SharedMemory.SharedBuffer.Read bufferPosition
        SharedRead SharedMemory.SharedBuffer.ReadArray bufferPosition
        SharedRead SharedMemory.FastStructure.PtrToStructure pointer
        SharedRead SharedMemory.FastStructure.ReadBytes source count
        SharedRead SharedMemory.FastStructure.ReadArray source count
        GuestValue SharedMemory.RpcProtocolHeaderV1.MsgType
        GuestValue SharedMemory.RpcProtocolHeaderV1.MsgId
        GuestValue SharedMemory.RpcProtocolHeaderV1.PayloadSize
        GuestValue SharedMemory.RpcProtocolHeaderV1.CurrentPacket
        GuestValue SharedMemory.RpcProtocolHeaderV1.TotalPackets
        GuestValue SharedMemory.RpcProtocolHeaderV1.ResponseId

        """;
}
