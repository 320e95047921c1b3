using System.Globalization;
using System.Runtime.InteropServices;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>Streams of messages that were right before they were mutated: the back end refuses or serves, and ends when the front end does.</summary>
[Trait("Kind", "hostile")]
public sealed class VhostUserFuzzTests
{
    private const int FewStreams = 300;

    /// <summary>NUB_VHOST_STREAMS: how many streams; NUB_VHOST_SEED: of which seed, so that one that failed is played again.</summary>
    [Fact]
    public void Mutated_streams_neither_crash_nor_hang_the_back_end()
    {
        int streams = Number("NUB_VHOST_STREAMS", FewStreams);
        int seed = Number("NUB_VHOST_SEED", 20_261_129);
        using var storage = new MemoryStorage(1 << 20);
        using var backend = new VhostUserBackend(new BlockDevice(storage, new BlockDeviceOptions { QueueCount = 2 }));
        using var guest = new GuestFile();
        using var kick = new EventDescriptor();
        using var call = new EventDescriptor();
        SafeHandle[] handles = [guest.Handle, kick.Handle, call.Handle];
        var refusals = new Dictionary<VhostUserError, int>();
        for (int i = 0; i < streams; i++)
        {
            var random = new Random(seed + i);
            List<(byte[] Bytes, SafeHandle[] Handles)> messages = Legal(random, handles);
            for (int count = random.Next(1, 4); count > 0; count--)
            {
                Mutate(random, messages, handles);
            }

            if (random.Next(8) == 0)
            {
                guest.Shorten((ulong)random.Next(256) * 4096);
            }

            using (FrontEnd front = FrontEnd.Connect(backend))
            {
                foreach ((byte[] bytes, SafeHandle[] with) in messages)
                {
                    front.SendRaw(bytes, with);
                }

                kick.Signal();
                if (random.Next(4) == 0)
                {
                    // Read or not, the connection ends.
                    front.Dispose();
                }
                else
                {
                    VhostUserError error = front.Finish()?.Error ?? VhostUserError.None;
                    refusals[error] = refusals.GetValueOrDefault(error) + 1;
                }
            }

            guest.Shorten(FrontEnd.MemorySize);
        }

        // Mutations that break nothing, and many that break different things.
        Assert.True(refusals.GetValueOrDefault(VhostUserError.None) > 0, "Every stream was refused.");
        Assert.True(refusals.Count >= 8, $"Only {string.Join(", ", refusals)}.");
    }

    private static List<(byte[] Bytes, SafeHandle[] Handles)> Legal(Random random, SafeHandle[] handles)
    {
        ulong features = FrontEnd.BasicFeatures | (random.Next(2) == 0 ? VhostUserFixture.Packed : 0) | (random.Next(2) == 0 ? 1ul << 29 : 0) | (random.Next(4) == 0 ? 1ul << 26 : 0);
        List<(byte[] Bytes, SafeHandle[] Handles)> messages = [];
        Add(VhostUserRequest.GetFeatures, []);
        Add(VhostUserRequest.GetProtocolFeatures, []);
        Add(VhostUserRequest.SetProtocolFeatures, FrontEnd.Bytes((ulong)VhostUserSession.OfferedProtocolFeatures));
        Add(VhostUserRequest.GetQueueCount, []);
        Add(VhostUserRequest.SetOwner, []);
        Add(VhostUserRequest.SetFeatures, FrontEnd.Bytes(features));
        Add(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(0u, 60u, 0u, new byte[60]));
        Add(VhostUserRequest.GetInFlight, FrontEnd.Bytes(0ul, 0ul, (ushort)2, (ushort)8, 0u));
        Add(VhostUserRequest.SetInFlight, FrontEnd.Bytes(8192ul, FrontEnd.MemorySize / 2, (ushort)2, (ushort)8, 0u), handles[0]);
        Add(VhostUserRequest.SetLogBase, FrontEnd.Bytes(65536ul, 0x8_0000ul), handles[0]);
        Add(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable, handles[0]);
        for (uint queue = 0; queue < 2; queue++)
        {
            ulong at = FrontEnd.UserBase + (queue * 0x20000ul);
            Add(VhostUserRequest.SetVringSize, FrontEnd.Bytes(queue, 8u));
            Add(VhostUserRequest.SetVringBase, FrontEnd.Bytes(queue, (features & VhostUserFixture.Packed) != 0 ? 0x8000_8000u : 0u));
            Add(VhostUserRequest.SetVringAddresses, FrontEnd.Bytes(queue, 0u, at, at + 0x2000, at + 0x1000, 0ul));
            Add(VhostUserRequest.SetVringKick, FrontEnd.Bytes((ulong)queue), handles[1]);
            Add(VhostUserRequest.SetVringCall, FrontEnd.Bytes((ulong)queue), handles[2]);
            Add(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(queue, 1u));
        }

        byte[] region = FrontEnd.Bytes(0ul, FrontEnd.Region(FrontEnd.GuestBase + FrontEnd.MemorySize, FrontEnd.MemorySize, FrontEnd.UserBase + FrontEnd.MemorySize));
        Add(VhostUserRequest.AddMemoryRegion, region, handles[0]);
        Add(VhostUserRequest.RemoveMemoryRegion, region);
        Add(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
        Add(VhostUserRequest.ResetDevice, []);
        return messages;

        void Add(VhostUserRequest request, byte[] payload, params SafeHandle[] with) =>
            messages.Add((FrontEnd.Message((uint)request, payload, random.Next(4) == 0 ? 9u : 1), with));
    }

    private static void Mutate(Random random, List<(byte[] Bytes, SafeHandle[] Handles)> messages, SafeHandle[] handles)
    {
        int index = random.Next(messages.Count);
        (byte[] bytes, SafeHandle[] with) = messages[index];
        switch (random.Next(10))
        {
            case 0:
                messages.RemoveAt(index);
                break;
            case 1:
                messages.Insert(random.Next(messages.Count), (bytes, with));
                break;
            case 2:
                (messages[index], messages[^1]) = (messages[^1], messages[index]);
                break;
            case 3:
                messages[index] = (bytes[..random.Next(1, bytes.Length + 1)], with);
                break;
            case 4:
                messages[index] = ([.. bytes, .. new byte[random.Next(1, 40)]], with);
                break;
            case 5:
                messages[index] = (bytes, [.. Enumerable.Range(0, random.Next(12)).Select(_ => handles[random.Next(handles.Length)])]);
                break;
            case 6 when bytes.Length > 12:
                // A number becomes one of those that break something.
                ulong[] strange = [0, 1, 7, 8, 0xFF, 0x100, 0x7FFF_FFFF, 0x8000_0000, uint.MaxValue, 1ul << 40, 1ul << 63, ulong.MaxValue, ulong.MaxValue - 4095, FrontEnd.GuestBase, FrontEnd.UserBase];
                int at = 12 + (random.Next((bytes.Length - 12 + 7) / 8) * 8);
                byte[] other = [.. bytes];
                BitConverter.GetBytes(strange[random.Next(strange.Length)]).AsSpan(0, Math.Min(8, bytes.Length - at)).CopyTo(other.AsSpan(at));
                messages[index] = (other, with);
                break;
            case 7 when bytes.Length >= 12:
                messages[index] = ([.. FrontEnd.Message((uint)random.Next(45), bytes.AsSpan(12))], with);
                break;
            default:
                byte[] flipped = [.. bytes];
                flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
                messages[index] = (flipped, with);
                break;
        }
    }

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : otherwise;
}
