using System.Buffers.Binary;
using Nub.Fuzz.Engine;
using Nub.Virtio;

namespace Nub.Fuzz.Targets;

/// <summary>Messages as a front end sends them, with what an input changes of them: a byte for the request, and one whose bits say what is changed.</summary>
internal static class VhostMessages
{
    public const ulong MemorySize = 1 << 20;
    private const ulong GuestBase = 0x1000_0000;
    private const ulong UserBase = 0x7F00_0000_0000;
    private const int OneEvent = 1;
    private const int OneFile = 1 | 32;

    /// <summary>The next message, with how many descriptors: bit 5 says that the first is of the guest's memory, bit 4 that all are. Or bytes for the guest's memory.</summary>
    public static (byte[] Message, int Handles) Next(ref FuzzInput input, out (int At, byte[] Bytes)? poke)
    {
        byte request = input.Byte();
        poke = null;
        if (request >= 64)
        {
            int at = input.Word() * 16 % (int)MemorySize;
            poke = (at, input.Take(request & 31).ToArray());
            return ([], 0);
        }

        byte changes = input.Byte();
        (byte[] payload, int handles) = Legal((VhostUserRequest)request);
        uint flags = (changes & 1) != 0 ? 9u : 1u;
        if ((changes & 2) != 0 && payload.Length != 0)
        {
            int at = input.Byte() * 2 % payload.Length;
            Span<byte> number = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(number, input.Byte() switch
            {
                0 => UserBase + (16UL * input.Word()),
                1 => GuestBase + (16UL * input.Word()),
                _ => input.Hostile(input.Bool() ? MemorySize : BinaryPrimitives.ReadUInt32LittleEndian([.. payload[(at / 4 * 4)..], 0, 0, 0, 0])),
            });
            int width = Math.Min(1 << input.Below(4), payload.Length - at);
            number[..width].CopyTo(payload.AsSpan(at));
        }

        handles = (changes & 4) != 0 ? input.Byte() & 63 : handles;
        if ((changes & 8) != 0)
        {
            Array.Resize(ref payload, Math.Clamp(payload.Length + (sbyte)input.Byte(), 0, 300));
        }

        uint size = (uint)payload.Length;
        if ((changes & 16) != 0)
        {
            flags = input.Byte();
            size = input.Bool() ? (uint)input.Hostile(size) : size;
        }

        byte[] message = [.. Bytes(request, flags, size), .. payload];
        return ((changes & 32) != 0 ? message[..(input.Byte() % message.Length + 1)] : message, (handles & 15) > 12 ? 12 : handles);
    }

    private static (byte[] Payload, int Handles) Legal(VhostUserRequest request) => request switch
    {
        VhostUserRequest.SetFeatures => (Quads((1UL << 32) | (1UL << 30)), 0),
        VhostUserRequest.SetProtocolFeatures => (Quads((ulong)VhostUserSession.OfferedProtocolFeatures), 0),
        VhostUserRequest.SetMemoryTable => ([.. Bytes(1, 0), .. Quads(GuestBase, MemorySize, UserBase, 0)], OneFile),
        VhostUserRequest.AddMemoryRegion => (Quads(0, GuestBase + MemorySize, MemorySize, UserBase + MemorySize, 0), OneFile),
        VhostUserRequest.RemoveMemoryRegion => (Quads(0, GuestBase + MemorySize, MemorySize, UserBase + MemorySize, 0), 0),
        VhostUserRequest.SetLogBase => (Quads(65536, 0x8_0000), OneFile),
        VhostUserRequest.SetLogEvent => ([], OneEvent),
        VhostUserRequest.SetVringSize => (Bytes(0, 8), 0),
        VhostUserRequest.SetVringAddresses => ([.. Bytes(0, 0), .. Quads(UserBase, UserBase + 0x2000, UserBase + 0x1000, 0)], 0),
        VhostUserRequest.SetVringBase or VhostUserRequest.GetVringBase => (Bytes(0, 0), 0),
        VhostUserRequest.SetVringKick or VhostUserRequest.SetVringCall or VhostUserRequest.SetVringError => (Quads(0), OneEvent),
        VhostUserRequest.SetVringEnable => (Bytes(0, 1), 0),
        VhostUserRequest.GetConfiguration or VhostUserRequest.SetConfiguration => ([.. Bytes(0, 60, 0), .. new byte[60]], 0),
        VhostUserRequest.GetInFlight => ([.. Quads(0, 0), 2, 0, 8, 0, 0, 0, 0, 0], 0),
        VhostUserRequest.SetInFlight => ([.. Quads(8192, MemorySize / 2), 2, 0, 8, 0, 0, 0, 0, 0], OneFile),
        VhostUserRequest.SetBackendRequests => ([], OneFile),
        _ => ([], 0),
    };

    private static byte[] Bytes(params uint[] numbers)
    {
        byte[] bytes = new byte[4 * numbers.Length];
        Buffer.BlockCopy(numbers, 0, bytes, 0, bytes.Length);
        return bytes;
    }

    private static byte[] Quads(params ulong[] numbers)
    {
        byte[] bytes = new byte[8 * numbers.Length];
        Buffer.BlockCopy(numbers, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}
