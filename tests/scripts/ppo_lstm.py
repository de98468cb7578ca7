"""Proximal policy optimization with an LSTM, where what was seen first has to be remembered."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical

learning_rate = 0.01
gamma = 0.95
lmbda = 0.9
eps_clip = 0.2
K_epoch = 2
T_horizon = 10


class Recall:
    """A cue is shown once; after some empty steps the action that belongs to the cue is rewarded."""

    def reset(self):
        self.cue = random.randrange(2)
        self.t = 0
        return [1.0 - self.cue, float(self.cue), 0.0]

    def step(self, action):
        self.t += 1
        done = self.t == 4
        reward = (1.0 if action == self.cue else -1.0) if done else 0.0
        return [0.0, 0.0, self.t / 4.0], reward, done, {}


class PPO(nn.Module):
    def __init__(self):
        super(PPO, self).__init__()
        self.data = []
        self.fc1 = nn.Linear(3, 16)
        self.lstm = nn.LSTM(16, 8)
        self.fc_pi = nn.Linear(8, 2)
        self.fc_v = nn.Linear(8, 1)
        self.optimizer = optim.Adam(self.parameters(), lr=learning_rate)

    def pi(self, x, hidden):
        x = F.relu(self.fc1(x))
        x = x.view(-1, 1, 16)
        x, lstm_hidden = self.lstm(x, hidden)
        prob = F.softmax(self.fc_pi(x), dim=2)
        return prob, lstm_hidden

    def v(self, x, hidden):
        x = F.relu(self.fc1(x))
        x = x.view(-1, 1, 16)
        x, lstm_hidden = self.lstm(x, hidden)
        return self.fc_v(x)

    def put_data(self, transition):
        self.data.append(transition)

    def make_batch(self):
        s_lst, a_lst, r_lst, s_prime_lst, prob_a_lst, h_in_lst, h_out_lst, done_lst = zip(*self.data)
        s, a = torch.tensor(s_lst, dtype=torch.float), torch.tensor(a_lst).unsqueeze(1)
        r = torch.tensor([[reward / 1.0] for reward in r_lst])
        done_mask = torch.tensor([[0 if done else 1] for done in done_lst], dtype=torch.float)
        prob_a = torch.tensor([[p] for p in prob_a_lst])
        self.data = []
        return (
            s,
            a,
            r,
            torch.tensor(s_prime_lst, dtype=torch.float),
            done_mask,
            prob_a,
            h_in_lst[0],
            h_out_lst[0],
        )

    def train_net(self):
        s, a, r, s_prime, done_mask, prob_a, (h1_in, h2_in), (h1_out, h2_out) = self.make_batch()
        first_hidden = (h1_in.detach(), h2_in.detach())
        second_hidden = (h1_out.detach(), h2_out.detach())
        losses = []
        for _ in range(K_epoch):
            v_prime = self.v(s_prime, second_hidden).squeeze(1)
            td_target = r + gamma * v_prime * done_mask
            v_s = self.v(s, first_hidden).squeeze(1)
            delta = td_target - v_s
            delta = delta.detach().numpy()

            advantage_lst = []
            advantage = 0.0
            for item in delta[::-1]:
                advantage = gamma * lmbda * advantage + item[0]
                advantage_lst.append([advantage])
            advantage_lst.reverse()
            advantage = torch.tensor(advantage_lst, dtype=torch.float)

            pi, _ = self.pi(s, first_hidden)
            pi_a = pi.squeeze(1).gather(1, a)
            ratio = torch.exp(torch.log(pi_a) - torch.log(prob_a))  # a/b == log(exp(a)-exp(b))
            surr1 = ratio * advantage
            surr2 = torch.clamp(ratio, 1 - eps_clip, 1 + eps_clip) * advantage
            entropy = Categorical(pi.squeeze(1)).entropy().mean()
            loss = -torch.min(surr1, surr2) + F.smooth_l1_loss(v_s, td_target.detach()) - 0.01 * entropy

            self.optimizer.zero_grad()
            loss.mean().backward(retain_graph=True)
            self.optimizer.step()
            losses.append(loss.mean().item())
        return losses


def main():
    random.seed(0)
    torch.manual_seed(0)
    env = Recall()
    model = PPO()
    history = []
    score = 0.0
    for _n_epi in range(12):
        h_out = (torch.zeros([1, 1, 8], dtype=torch.float), torch.zeros([1, 1, 8], dtype=torch.float))
        s = env.reset()
        done = False
        while not done:
            for _t in range(T_horizon):
                h_in = h_out
                prob, h_out = model.pi(torch.tensor(s).float(), h_in)
                prob = prob.view(-1)
                m = Categorical(prob)
                a = m.sample().item()
                assert abs(m.log_prob(torch.tensor(a)).exp().item() - prob[a].item()) < 1e-6
                s_prime, r, done, info = env.step(a)
                model.put_data((s, a, r, s_prime, prob[a].item(), h_in, h_out, done))
                s = s_prime
                score += r
                if done:
                    break
            history += model.train_net()
    return history + [score]


if __name__ == "__main__":
    main()
