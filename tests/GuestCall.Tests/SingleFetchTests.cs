using GuestCall.Protocol;
using Nub.Memory;
using Nub.Memory.Testing;

namespace GuestCall.Tests;

/// <summary>The host reads each byte of an answer once: proved by a guest that changes every byte right after it was read.</summary>
public class SingleFetchTests
{
    [Fact]
    public void An_answer_is_read_once()
    {
        using var memory = new HostileMemory((ulong)GuestMap.Size);
        var header = new ResponseHeader { Request = new RequestHeader { Id = 7, PayloadLength = 3, Key = 1 }, Checksum = 99 };
        Output(memory).Reset();
        Output(memory).Push(Wire.Write(header, [1, 2, 3], new byte[Wire.ResponseOverhead + 3]));
        memory.KeepContent();

        SingleFetchReport report = memory.AssertSingleFetch(() =>
        {
            Response response = Output(memory).Pop(Wire.ParseResponse);
            return (response.Header, Convert.ToHexString(response.Payload));
        });

        // The stack pointer, the element, and the pointer behind it.
        Assert.Equal(8 + Wire.ResponseOverhead + 3 + 8, report.BytesRead);
    }

    [Fact]
    public void An_answer_that_is_refused_is_read_once_too()
    {
        using var memory = new HostileMemory((ulong)GuestMap.Size);
        var header = new ResponseHeader { Request = new RequestHeader { Id = 7, PayloadLength = 4 } };
        Output(memory).Reset();
        Output(memory).Push(Wire.Write(header, [1, 2, 3], new byte[Wire.ResponseOverhead + 3]));
        memory.KeepContent();

        SingleFetchReport report = memory.AssertSingleFetch(() => _ = Output(memory).Pop(Wire.ParseResponse));

        Assert.Contains(nameof(SharedStackException), report.Outcome, StringComparison.Ordinal);
    }

    private static SharedStack Output(HostileMemory memory) => memory.Host.StackAt((ulong)GuestMap.Output.Offset, (ulong)GuestMap.Output.Size);
}
